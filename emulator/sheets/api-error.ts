/** Google's error envelope, with recorded shapes and Google's texts. */
import { type EmulatorReply, jsonReply } from '../vendor.ts';
import { type GridState, maxCells } from './grid.ts';

const statusNames: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

export class ApiError extends Error {
  readonly status: number;
  readonly details: readonly unknown[] | undefined;

  constructor(status: number, message: string, details?: readonly unknown[]) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

export function errorReply(error: ApiError): EmulatorReply {
  const reply = jsonReply(error.status, {
    error: {
      code: error.status,
      message: error.message,
      status: statusNames[error.status] ?? 'UNKNOWN',
      ...(error.details && { details: error.details }),
    },
  });
  if (error.status !== 401) return reply;
  return { ...reply, headers: { ...reply.headers, 'www-authenticate': 'Bearer realm="https://accounts.google.com/"' } };
}

export function unparsableRange(text: string): ApiError {
  return new ApiError(400, `Unable to parse range: ${text}`);
}

export function beyondGrid(grid: GridState, range: string): ApiError {
  return new ApiError(
    400,
    `Range (${range}) exceeds grid limits. Max rows: ${grid.rowCount}, max columns: ${grid.columnCount}`,
  );
}

export function notFound(): ApiError {
  return new ApiError(404, 'Requested entity was not found.');
}

/** 400, not 401 or 403: only the reason distinguishes it from bad input (bpk68/g-sheets-api, issue 126, quotes one). */
export function keyNotValid(): ApiError {
  return new ApiError(400, 'API key not valid. Please pass a valid API key.', [frontReason('API_KEY_INVALID')]);
}

/** A key identifies a project, not a user: enough to read public spreadsheets, but never to write. */
export function keyCannotWrite(): ApiError {
  const message =
    'API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials that assert a principal. See https://cloud.google.com/docs/authentication';
  return new ApiError(401, message, [frontReason('CREDENTIALS_MISSING')]);
}

/** Sent by the common front end of Google's APIs. */
function frontReason(reason: string): object {
  return {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason,
    domain: 'googleapis.com',
    metadata: { service: 'sheets.googleapis.com' },
  };
}

/** A member of the body with a wrong type. */
export function badField(field: string, description: string): ApiError {
  return new ApiError(400, description, [
    { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description }] },
  ]);
}

export function tooManyCells(): ApiError {
  return new ApiError(
    400,
    `This action would increase the number of cells in the workbook above the limit of ${maxCells} cells.`,
  );
}

export type QuotaScope = 'user' | 'project';

/** Recorded for reads by user; writes and projects follow the same wording. Google sends no Retry-After. */
export function quotaExceeded(kind: 'read' | 'write', scope: QuotaScope, limit: number, projectId: string): ApiError {
  const metric = kind === 'read' ? 'Read requests' : 'Write requests';
  const id = kind === 'read' ? 'ReadRequestsPerMinute' : 'WriteRequestsPerMinute';
  const perUser = scope === 'user';
  return new ApiError(
    429,
    `Quota exceeded for quota metric '${metric}' and limit '${metric} per minute${perUser ? ' per user' : ''}' of service 'sheets.googleapis.com' for consumer 'project_number:${projectId}'.`,
    [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'RATE_LIMIT_EXCEEDED',
        domain: 'googleapis.com',
        metadata: {
          quota_limit_value: String(limit),
          service: 'sheets.googleapis.com',
          consumer: `projects/${projectId}`,
          quota_unit: perUser ? '1/min/{project}/{user}' : '1/min/{project}',
          quota_location: 'global',
          quota_metric: `sheets.googleapis.com/${kind}_requests`,
          quota_limit: `${id}${perUser ? 'PerUser' : 'PerProject'}`,
        },
      },
      {
        '@type': 'type.googleapis.com/google.rpc.Help',
        links: [
          {
            description: 'Request a higher quota limit.',
            url: 'https://cloud.google.com/docs/quotas/help/request_increase',
          },
        ],
      },
    ],
  );
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof URIError) return new ApiError(400, 'Request contains an invalid argument.');
  throw error;
}
