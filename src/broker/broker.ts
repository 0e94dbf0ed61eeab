/** The message bus: RabbitMQ, or in-process where none is configured. */

export interface BrokerMessage {
  /** Becomes `message_id`; consumers de-duplicate by it. */
  readonly eventId: string;
  /** The routing key. */
  readonly eventType: string;
  readonly tenantId: string;
  /** RFC 3339 UTC. */
  readonly occurredAt: string;
  /** `cloudEvents:subject`: the service, webhook or log it is about. */
  readonly subject: string | null;
  /** The JSON body, as it is sent. */
  readonly body: Buffer;
}

export interface Broker {
  readonly kind: 'rabbitmq' | 'in-process';
  isAvailable(): boolean;
  /** What of its address the server refuses, naming the variable; null or absent: nothing that is known. */
  addressProblem?(): string | null;
  /** Resolves when the broker has confirmed the persistent message; rejects when it refused it or the channel was lost. */
  publishConfirmed(message: BrokerMessage): Promise<void>;
  /** Telemetry: handed to the socket and forgotten; false where it was dropped (away, or the buffer is full). */
  publishUnconfirmed(message: BrokerMessage): boolean;
  /** Every event of every replica as it is published, for live streams. Bounded: a slow listener loses, the bus does not. */
  tap(onMessage: (message: BrokerMessage) => void): Promise<() => Promise<void>>;
  /** Called whenever the connection comes back. */
  onAvailable(listener: () => void): () => void;
  close(): Promise<void>;
}
