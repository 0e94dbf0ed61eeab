/** Schemas that webhooks, targets and events share. */
import Type from 'typebox';

export const uuid = Type.String({
  pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
  errorMessage: 'must be a UUID',
  errorMessageRu: 'ожидается UUID',
});

export const secret = Type.String({ minLength: 1, maxLength: 500, description: 'Write-only.' });

export const idParamsSchema = Type.Object({ id: Type.String() });

export const time = Type.String({ format: 'date-time' });

export const anyObject = Type.Object({}, { additionalProperties: true });
