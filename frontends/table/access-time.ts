// Instants of shared access signatures and stored access policies: ISO 8601 in the forms that "Formatting DateTime values"
// (Azure Storage REST reference) lists, always UTC.

/** A day, or a time of it to the minute, the second or the tick of 100 ns. */
const shape = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** Milliseconds since 1970; undefined for another form and for days that no calendar has. */
export function instantOf(text: string): number | undefined {
  const match = shape.exec(text);
  if (match === null) return undefined;
  const [, day = '', minutes = '00:00', seconds = '00', fraction = '', zone = 'Z'] = match;
  const milliseconds = Date.parse(`${day}T${minutes}:${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${zone}`);
  if (Number.isNaN(milliseconds)) return undefined;
  // The parser takes 30 February for 2 March.
  if (Number(day.slice(8)) <= 28) return milliseconds;
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? milliseconds : undefined;
}

/** As the service tells it: to the tick. The digits of the request are kept. */
export function toTicks(text: string): string {
  const match = shape.exec(text);
  const milliseconds = instantOf(text);
  if (match === null || milliseconds === undefined) return text;
  return `${new Date(milliseconds).toISOString().slice(0, 19)}.${(match[4] ?? '').padEnd(7, '0')}Z`;
}
