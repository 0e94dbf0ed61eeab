/** The further members of a geocode question without special options. */
export const plainQuestion = { parts: null, bounds: null, limit: 1 } as const;
