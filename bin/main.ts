// The command line: from arguments to a command and its settings. Exit codes: 0 done, 1 failed or damage found,
// 2 wrong usage, 70 a fault of ours.

import { Argument, Command as Program, CommanderError, Option } from 'commander';
import { DatabaseError } from '../model/errors.ts';
import { commandRows, type CommandRow } from './commands.ts';
import { UsageError } from './flag-type.ts';
import { defaultWords, environmentName, flagList, flags, optionWords, type Flag, type FlagKey } from './flags.ts';
import { settingsFrom, type GivenTexts } from './settings.ts';
import { version } from './version.ts';

const exitUsage = 2;
const exitFault = 70;

/** Runs one command line and ends the process. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that closes the pipe early ends the output, not the process.
  process.stdout.on('error', () => undefined);
  process.exitCode = await exitCodeOf(argv);
  // Whatever still holds the event loop (a client's connection, a timer) must not keep a finished command alive.
  process.stdout.write('', () => process.exit());
}

async function exitCodeOf(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = programOf(async (row, options, argument) => {
    code = await runCommand(row, options, argument);
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
    if (error instanceof UsageError) {
      process.stderr.write(`meridian: ${error.message}\n`);
      return exitUsage;
    }
    if (error instanceof DatabaseError) {
      process.stderr.write(`meridian: ${error.message}${causeOf(error)}\n`);
      return error.code === 'Internal' ? exitFault : 1;
    }
    process.stderr.write(`meridian: ${error instanceof Error ? error.stack : String(error)}\n`);
    return exitFault;
  }
}

function causeOf(error: DatabaseError): string {
  return error.cause instanceof Error ? ` (${error.cause.message})` : '';
}

type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
type Run = (row: CommandRow, options: Options, argument: string | undefined) => Promise<void>;

function programOf(run: Run): Program {
  const program = new Program('meridian')
    .description('Meridian: one database behind the Cosmos DB and MongoDB protocols.')
    .version(version)
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false })
    .exitOverride();
  for (const row of commandRows) {
    const command = program
      .command(row.name, { isDefault: row.name === 'start' })
      .description(row.help)
      .exitOverride();
    if (row.argument !== undefined) {
      const argument = new Argument(`<${row.argument.name}>`);
      command.addArgument(row.argument.choices === undefined ? argument : argument.choices([...row.argument.choices]));
    }
    if (row.flags.length > 0)
      command.option('--config <FILE>', 'YAML file with settings by flag name (env: MERIDIAN_CONFIG)');
    for (const key of row.flags) addFlag(command, flags[key] as Flag<unknown>);
    for (const { name, placeholder, help } of row.options ?? [])
      command.option(placeholder === undefined ? `--${name}` : `--${name} <${placeholder}>`, help);
    if (row.json === true) command.option('--json', 'print JSON');
    command.action(async (...given: unknown[]) => {
      await run(row, command.opts(), row.argument === undefined ? undefined : (given[0] as string));
    });
  }
  return program;
}

function addFlag(command: Program, flag: Flag<unknown>): void {
  const fallback = defaultWords(flag);
  const help = `${flag.help} (${fallback === undefined ? '' : `default: ${fallback}, `}env: ${environmentName(flag)})`;
  const option = new Option(optionWords(flag), help);
  if (flag.repeatable) option.argParser((value: string, before: readonly string[] = []) => [...before, value]);
  command.addOption(option);
  // A switch that the file or the environment turned on is turned off with `--no-…`.
  if (flag.type.placeholder === undefined) command.addOption(new Option(`--no-${flag.name}`).hideHelp());
}

async function runCommand(row: CommandRow, options: Options, argument: string | undefined): Promise<number> {
  const line: Partial<Record<FlagKey, string | boolean | readonly string[]>> = {};
  for (const { key, name } of flagList) {
    const value = options[camelCase(name)];
    if (value !== undefined) line[key] = value;
  }
  const file = options['config'] ?? process.env['MERIDIAN_CONFIG'];
  const read = (): ReturnType<typeof settingsFrom> =>
    settingsFrom({
      line: line as GivenTexts,
      environment: process.env,
      file: typeof file === 'string' ? file : undefined,
    });
  const { settings, given } = await read();
  const own = row.options?.map(({ name }) => [name, options[camelCase(name)] as string | true | undefined] as const);
  const command = await row.load();
  return command({
    settings,
    reread: async () => (await read()).settings,
    given,
    argument,
    options: Object.fromEntries(own ?? []),
    json: options['json'] === true,
    write: (text) => process.stdout.write(text),
  });
}

/** Commander's name for an option. */
function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
