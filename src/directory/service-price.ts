/** The price of a service's requests, `config.cost_per_request`: USD for all operations, or `{operation: USD}`. */
import { isObject } from '../encodings/tolerant.ts';
import { type InputFault, words } from '../errors.ts';

/** Costs are counted to a billionth of a dollar. A sum of prices above the bound would end at infinity. */
const [leastUsd, mostUsd] = [1e-9, 1e6];

const faultWords = words(
  'must be a number of USD: 0, or 0.000000001 to 1000000',
  'ожидается сумма в USD: 0 или от 0.000000001 до 1000000',
);

export function isPrice(value: unknown): value is number {
  return value === 0 || (typeof value === 'number' && value >= leastUsd && value <= mostUsd);
}

export function faultsOfPrice(price: unknown): InputFault[] {
  const path = 'config.cost_per_request';
  if (price === undefined || isPrice(price)) return [];
  if (typeof price === 'number') return [{ path, ...faultWords }];
  if (isObject(price)) {
    return Object.entries(price).flatMap(([operation, one]) =>
      isPrice(one) ? [] : [{ path: `${path}.${operation.slice(0, 60)}`, ...faultWords }],
    );
  }
  return [
    {
      path,
      ...words('must be a number of USD, or one for each operation', 'ожидается сумма в USD или по одной на операцию'),
    },
  ];
}
