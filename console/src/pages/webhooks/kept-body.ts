import type { WholeDelivery } from '../../api/types.ts';

const nullBytes = 'null'.length;

/**
 * A refused delivery is stored without its body, which reads as `null`; but a sender may also post these four letters.
 */
export function hasBody({ status, payload, payload_base64, payload_size_bytes }: WholeDelivery): boolean {
  return payload !== null || payload_base64 !== null || (status !== 'refused' && payload_size_bytes === nullBytes);
}
