/** What a geocode question adds to its address, language and country where the caller asks for nothing special. */
export const plainQuestion = { parts: null, bounds: null, limit: 1 } as const;
