// Names by which clients of the Table service know an account.

/** The account of the storage emulators: the default account answers to it, too. */
export const emulatorAccount = 'devstoreaccount1';
