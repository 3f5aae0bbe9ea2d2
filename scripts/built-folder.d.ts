/** Where the packages lie that were, or are to be, built of the sources as they are now. */
export function builtFolder(): string;
