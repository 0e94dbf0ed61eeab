/** The interface of the message bus: RabbitMQ, or in-process if none is configured. */

export interface BrokerMessage {
  /** Becomes `message_id`, by which consumers deduplicate. */
  readonly eventId: string;
  /** The routing key. */
  readonly eventType: string;
  readonly tenantId: string;
  /** RFC 3339 UTC. */
  readonly occurredAt: string;
  /** `cloudEvents:subject`: the service, webhook or log that the event is about. */
  readonly subject: string | null;
  /** The JSON body, as it is sent. */
  readonly body: Buffer;
}

export interface Broker {
  readonly kind: 'rabbitmq' | 'in-process';
  isAvailable(): boolean;
  /** Why the server refuses its configured address, naming the variable; null or absent if no problem is known. */
  addressProblem?(): string | null;
  /** Resolves when the broker has confirmed the persistent message; rejects when it refused it or the channel was lost. */
  publishConfirmed(message: BrokerMessage): Promise<void>;
  /**
   * For telemetry: writes to the socket and expects no confirm. False if the message was dropped (broker away, or
   * buffer full).
   */
  publishUnconfirmed(message: BrokerMessage): boolean;
  /**
   * Passes on every published event of every replica, for live streams. Bounded: a slow listener loses events and does
   * not slow the bus.
   */
  tap(onMessage: (message: BrokerMessage) => void): Promise<() => Promise<void>>;
  /** Called whenever the connection comes back. */
  onAvailable(listener: () => void): () => void;
  close(): Promise<void>;
}
