/** Stages of a call that the benchmark can switch off, one after the other. */
export const stages = ['audit', 'digests', 'events', 'cache', 'limits'] as const;
export type Stage = (typeof stages)[number];

export function isStage(name: string): name is Stage {
  return (stages as readonly string[]).includes(name);
}

/** Parses `--without audit,events`. Throws if a stage is unknown. */
export function parseStages(text: string): readonly Stage[] {
  const names = text.split(',').filter((name) => name !== '');
  const unknown = names.filter((name) => !isStage(name));
  if (unknown.length > 0)
    throw new RangeError(`no such stage: ${unknown.join(', ')}; the stages are ${stages.join(', ')}`);
  return names.filter(isStage);
}
