// Which MongoDB this door says it is (data-model.md, "Versions told"). Drivers choose their behaviour by the wire
// version, test suites by the version.

export const wireVersion = { min: 0, max: 25 } as const;
export const mongoVersion = { text: '8.0.0', parts: [8, 0, 0, 0] } as const;

/** The replica set this node is the only member of. */
export const replicaSet = 'meridian';
