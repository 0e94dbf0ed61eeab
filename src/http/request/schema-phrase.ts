/** Describes in words what a schema accepts: "a whole number from 1 to 10", in English and Russian. */

/** The keywords of JSON Schema that are used here. */
export interface Described {
  /** The whole message for a refused value, for a schema with keywords that do not give a clear one. */
  readonly errorMessage?: string;
  readonly errorMessageRu?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Described[];
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: Described;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly format?: string;
}

export function phraseOf(schema: Described): string {
  const { anyOf, pattern, format } = schema;
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (anyOf !== undefined) return phraseOfChoice(anyOf);
  switch (schema.type) {
    case 'string':
      if (format === 'date-time') return 'a time such as 2026-11-22T07:30:00Z';
      if (format !== undefined) return `a string in the format ${format}`;
      return `a string${sized(schema.minLength, schema.maxLength, 'character')}${pattern === undefined ? '' : ` that matches ${pattern}`}`;
    case 'integer':
      return `a whole number${within(schema)}`;
    case 'number':
      return `a number${within(schema)}`;
    case 'array':
      return `an array${sized(schema.minItems, schema.maxItems, 'item')}`;
    case 'object':
      return `a JSON object${sized(schema.minProperties, schema.maxProperties, 'member')}`;
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    default:
      return 'of another form';
  }
}

/** Follows "ожидается". */
export function phraseRuOf(schema: Described): string {
  const { anyOf, pattern, format } = schema;
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum !== undefined) return `одно из: ${schema.enum.join(', ')}`;
  if (anyOf !== undefined) return choiceRuOf(anyOf);
  switch (schema.type) {
    case 'string':
      if (format === 'date-time') return 'время вида 2026-11-22T07:30:00Z';
      if (format !== undefined) return `строка в формате ${format}`;
      return `строка${sizedRu(schema.minLength, schema.maxLength, 'знак')}${pattern === undefined ? '' : ` по образцу ${pattern}`}`;
    case 'integer':
      return `целое число${withinRu(schema)}`;
    case 'number':
      return `число${withinRu(schema)}`;
    case 'array':
      return `массив${sizedRu(schema.minItems, schema.maxItems, 'элемент')}`;
    case 'object':
      return `объект JSON${sizedRu(schema.minProperties, schema.maxProperties, 'член')}`;
    case 'boolean':
      return 'true или false';
    case 'null':
      return 'null';
    default:
      return 'другой вид';
  }
}

function choiceRuOf(forms: readonly Described[]): string {
  const names = forms.flatMap((form) => (form.const === undefined ? [] : [String(form.const)]));
  const others = forms.filter((form) => form.const === undefined).map(phraseRuOf);
  if (names.length === 0) return [...new Set(others)].join(' или ');
  return [names.length === 1 ? names[0] : `одно из: ${names.join(', ')}`, ...others].join(' или ');
}

function withinRu({ minimum, maximum }: Described): string {
  if (minimum === undefined) return maximum === undefined ? '' : ` не больше ${maximum}`;
  return maximum === undefined ? ` не меньше ${minimum}` : ` от ${minimum} до ${maximum}`;
}

/** `unit` is a masculine noun; after "от", "до" and "не больше" it is in the genitive. */
function sizedRu(min: number | undefined, max: number | undefined, unit: string): string {
  const counted = (count: number): string => `${count} ${unit}${count % 10 === 1 && count % 100 !== 11 ? 'а' : 'ов'}`;
  if (max === undefined) return min === undefined || min === 0 ? '' : ` не меньше ${counted(min)}`;
  return min === undefined || min === 0 ? ` не больше ${counted(max)}` : ` от ${min} до ${counted(max)}`;
}

function phraseOfChoice(forms: readonly Described[]): string {
  const names = forms.flatMap((form) => (form.const === undefined ? [] : [String(form.const)]));
  const others = forms.filter((form) => form.const === undefined).map(phraseOf);
  if (names.length === 0) return [...new Set(others)].join(' or ');
  return [names.length === 1 ? names[0] : `one of ${names.join(', ')}`, ...others].join(' or ');
}

function within({ minimum, maximum }: Described): string {
  if (minimum === undefined) return maximum === undefined ? '' : ` of at most ${maximum}`;
  return maximum === undefined ? ` of at least ${minimum}` : ` from ${minimum} to ${maximum}`;
}

function sized(min: number | undefined, max: number | undefined, unit: string): string {
  const counted = (count: number): string => `${count} ${unit}${count === 1 ? '' : 's'}`;
  if (max === undefined) return min === undefined || min === 0 ? '' : ` of at least ${counted(min)}`;
  return min === undefined || min === 0 ? ` of at most ${counted(max)}` : ` of ${min} to ${counted(max)}`;
}
