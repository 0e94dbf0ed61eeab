/** The interface of the message broker: RabbitMQ, or in-process if none is configured. */

/** One event as it is published. */
export interface BrokerMessage {
  /** Sent as `message_id`, by which consumers deduplicate. */
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
  /** Whether messages can be published now. */
  isAvailable(): boolean;
  /** Why RabbitMQ refuses its address, or all messages, naming the variable; null or absent if it does not. */
  problem?(): string | null;
  /**
   * Publishes a persistent message. Resolves when the broker has confirmed it; rejects if the broker refused it or the
   * channel was lost.
   */
  publishConfirmed(message: BrokerMessage): Promise<void>;
  /**
   * For telemetry: writes to the socket without waiting for a confirm. Returns false if the message was dropped (broker
   * away, or buffer full).
   */
  publishUnconfirmed(message: BrokerMessage): boolean;
  /**
   * Calls `onMessage` for every event that any replica publishes, for live streams. A slow listener loses events and
   * does not slow the broker. Returns a function that stops.
   */
  tap(onMessage: (message: BrokerMessage) => void): Promise<() => Promise<void>>;
  /** Calls the listener whenever the connection is back. */
  onAvailable(listener: () => void): () => void;
  close(): Promise<void>;
}
