/** The AsyncAPI 3.0 document of all published events, built from the event definitions. */
import { envelopeFields, fieldsOf, optionalFields, summaryOf } from './event-schemas.ts';
import { durableEventTypes, type EventType, eventTypes } from './events.ts';

const exchange = { name: 'integration.events', type: 'topic', durable: true };

/** Builds a new document each time. `version` is the version of the service. */
export function renderAsyncApi(version: string): Record<string, unknown> {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Integration Service events',
      version,
      description:
        'Durable topic exchange `integration.events`; the routing key is the event type. At least once; in order per ' +
        '`management_company_id` and aggregate while no redelivery happens. CloudEvents 1.0, AMQP binary mode: the ' +
        'attributes are headers, and the body below is complete on its own.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(eventTypes.map((type) => [keyOf(type), channelOf(type)])),
    operations: Object.fromEntries(eventTypes.map((type) => [`publish_${keyOf(type)}`, operationOf(type)])),
    components: {
      messages: Object.fromEntries(eventTypes.map((type) => [keyOf(type), messageOf(type)])),
    },
  };
}

/** Replaces the dots of an event type, which some AsyncAPI tools reject in component keys. */
function keyOf(type: EventType): string {
  return type.replaceAll('.', '_');
}

function channelOf(type: EventType): Record<string, unknown> {
  return {
    address: type,
    messages: { [keyOf(type)]: { $ref: `#/components/messages/${keyOf(type)}` } },
    bindings: { amqp: { is: 'routingKey', exchange, bindingVersion: '0.3.0' } },
  };
}

function operationOf(type: EventType): Record<string, unknown> {
  const isDurable = (durableEventTypes as readonly string[]).includes(type);
  return {
    action: 'send',
    channel: { $ref: `#/channels/${keyOf(type)}` },
    messages: [{ $ref: `#/channels/${keyOf(type)}/messages/${keyOf(type)}` }],
    bindings: { amqp: { deliveryMode: isDurable ? 2 : 1, bindingVersion: '0.3.0' } },
  };
}

function messageOf(type: EventType): Record<string, unknown> {
  const properties = { ...envelopeFields, ...fieldsOf(type), event_type: { const: type } };
  return {
    name: type,
    summary: summaryOf(type),
    contentType: 'application/json',
    headers: {
      type: 'object',
      properties: Object.fromEntries(
        ['id', 'source', 'type', 'time', 'subject', 'specversion', 'managementcompanyid'].map((attribute) => [
          `cloudEvents:${attribute}`,
          { type: 'string' },
        ]),
      ),
    },
    payload: {
      type: 'object',
      properties,
      required: Object.keys(properties).filter((name) => !optionalFields.has(name)),
    },
  };
}
