/** Schemas of what is shown of costs: the report, and a budget. */
import Type from 'typebox';
import { count, oneOf, type Shown, text } from '../schema-parts.ts';

const usd = Type.Number({ description: 'USD' });

/** The contract's report, with the calls that have no price. */
export const costReportSchema = Type.Object(
  {
    currency: Type.Literal('USD'),
    from_date: text,
    to_date: text,
    total_cost: usd,
    saved_by_cache: usd,
    rows: Type.Array(
      Type.Object({
        management_company_id: Type.Optional(Type.String({ description: 'Where `tenants=all` was asked.' })),
        service: Type.Optional(text),
        service_name: Type.Optional(Type.String({ description: 'The same.' })),
        operation: Type.Optional(text),
        day: Type.Optional(Type.String({ format: 'date' })),
        request_count: count,
        cached_count: count,
        total_cost: usd,
        saved_by_cache: usd,
      }),
    ),
    unpriced: Type.Array(
      Type.Object({
        management_company_id: Type.Optional(text),
        service_name: text,
        operation: text,
        request_count: count,
      }),
      {
        description: 'Counted as 0 because no price is known: `config.cost_per_request` of the service sets one.',
      },
    ),
  },
  { title: 'CostReport' },
);
export type CostReport = Shown<typeof costReportSchema>;

export const budgetTerms = {
  monthly_limit_usd: Type.Number({
    minimum: 0,
    maximum: 99_999_999,
    description: 'USD in a calendar month, UTC, to a millionth: 0, or at least 0.000001.',
  }),
  action: oneOf(['alert', 'block'], {
    description: '`alert`: told at 50, 80 and 100 %. `block`: besides, no call is made that would pass the limit.',
  }),
};
export const budgetSchema = Type.Object(
  {
    service_name: Type.String({ description: '`*`: all services together' }),
    ...budgetTerms,
    spent_usd: Type.Number(),
    // When the next month begins, UTC.
    resets_at: Type.String({ format: 'date-time' }),
  },
  { title: 'Budget' },
);
export type Budget = Shown<typeof budgetSchema>;
