// `meridian completion bash|zsh|fish`: a completion script made from the tables of commands and flags.

import { commandRows, type Command, type CommandRow } from '../commands.ts';
import { flags } from '../flags.ts';

export const completion: Command = async ({ argument, write }) => {
  const scripts: Readonly<Record<string, () => string>> = { bash, zsh, fish };
  write(scripts[argument ?? 'bash']!());
  return 0;
};

function wordsOf(row: CommandRow): string[] {
  const own = row.flags.map((key) => `--${flags[key].name}`);
  return [
    ...(row.argument?.choices ?? []),
    ...own,
    ...(own.length > 0 ? ['--config'] : []),
    ...(row.options ?? []).map(({ name }) => `--${name}`),
    ...(row.json === true ? ['--json'] : []),
    '--help',
  ];
}

const names = commandRows.map(({ name }) => name);

function bash(): string {
  const cases = commandRows.map((row) => `    ${row.name}) words="${wordsOf(row).join(' ')}" ;;`);
  return `# meridian completion for bash: eval "$(meridian completion bash)"
_meridian() {
  local words="${names.join(' ')} --help --version"
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _meridian meridian
`;
}

function zsh(): string {
  return `# meridian completion for zsh: eval "$(meridian completion zsh)"
autoload -U +X bashcompinit && bashcompinit
${bash()}`;
}

function fish(): string {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = ['# meridian completion for fish: meridian completion fish | source', 'complete -c meridian -f'];
  for (const row of commandRows) {
    lines.push(`complete -c meridian -n __fish_use_subcommand -a ${row.name} -d ${quoted(row.help)}`);
    const seen = `-n '__fish_seen_subcommand_from ${row.name}'`;
    for (const key of row.flags) {
      const takes = flags[key].type.placeholder === undefined ? '' : ' -r';
      lines.push(`complete -c meridian ${seen} -l ${flags[key].name}${takes} -d ${quoted(flags[key].help)}`);
    }
    for (const { name, placeholder, help } of row.options ?? []) {
      const takes = placeholder === undefined ? '' : ' -r';
      lines.push(`complete -c meridian ${seen} -l ${name}${takes} -d ${quoted(help)}`);
    }
    if (row.json === true) lines.push(`complete -c meridian ${seen} -l json`);
    for (const choice of row.argument?.choices ?? []) lines.push(`complete -c meridian ${seen} -a ${choice}`);
  }
  return `${lines.join('\n')}\n`;
}
