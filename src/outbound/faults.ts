/** Maps errors of undici, Node and OpenSSL to the few faults that the gateway distinguishes. */
import { TransportError, type TransportFault } from './exchange.ts';

const faultByCode: Readonly<Record<string, TransportFault>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EAI_NODATA: 'dns',
  ENODATA: 'dns',
  ESERVFAIL: 'dns',
  ETIMEOUT: 'dns',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  EHOSTDOWN: 'refused',
  ENETUNREACH: 'refused',
  ENETDOWN: 'refused',
  EADDRNOTAVAIL: 'refused',
  EACCES: 'refused',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_OVERFLOW: 'too-large',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'too-large',
  ERR_BUFFER_TOO_LARGE: 'too-large',
  UND_ERR_DESTROYED: 'aborted',
  UND_ERR_CLOSED: 'aborted',
};

const tlsCode = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO)/;

/**
 * Converts an error. `started`: writing the request had begun, so it may have arrived. Unknown errors become `reset`: a
 * connection that ended without a whole reply.
 */
export function toTransportError(error: unknown, started: boolean): TransportError {
  if (error instanceof TransportError) return error;
  const fault = faultOf(error);
  return new TransportError(fault, started && fault !== 'refused' && fault !== 'dns', error);
}

function faultOf(error: unknown): TransportFault {
  if (error instanceof Error && error.name === 'HTTPParserError') return 'malformed';
  const code = codeOf(error);
  if (code === null) return 'reset';
  return faultByCode[code] ?? (tlsCode.test(code) ? 'tls' : 'reset');
}

/**
 * The error's code. Node puts the failures of several addresses into an AggregateError, which may have no code of its
 * own.
 */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  return error instanceof AggregateError ? codeOf(error.errors[0]) : null;
}
