/** Renders rows as one JSON parameter for `json_to_recordset`. */

/**
 * The JSON of the rows, the text in `column` put in as the JSON that it is: as a string it would be escaped here, and there
 * unescaped and read once more. The recordset names the column twice, `body json, body_text text`: in the second goes what
 * has `\u` in it, since `json_to_recordset` decodes what it passes over and refuses NUL and half surrogates, which `json`
 * itself keeps; and any other value than an object or array, since a null would become SQL's.
 */
export function renderJsonRows<Column extends string, Row extends Readonly<Record<Column, string>>>(
  rows: readonly Row[],
  column: Column,
): string {
  const rendered = rows.map((row) => {
    const { [column]: text, ...others } = row;
    const head = JSON.stringify(others).slice(0, -1);
    const goesAsItIs = /^[{[]/.test(text) && !text.includes('\\u');
    return goesAsItIs ? `${head},"${column}":${text}}` : `${head},"${column}_text":${JSON.stringify(text)}}`;
  });
  return `[${rendered.join(',')}]`;
}
