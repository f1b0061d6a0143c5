import { orderCreatedSchema } from './message'

const headers = {
  type: 'object',
  required: ['aggregate_type', 'aggregate_id', 'aggregate_version'],
  properties: {
    aggregate_type: { type: 'string', const: 'order' },
    aggregate_id: { type: 'string', format: 'uuid', description: 'The id of the order.' },
    aggregate_version: {
      type: 'integer',
      minimum: 1,
      description: 'Counts the messages about one order; a lower one than was handled is a repeat.',
    },
    traceparent: { type: 'string', description: 'W3C trace context of the request.' },
  },
} as const

const exchange = {
  name: 'orders',
  type: 'topic',
  durable: true,
  autoDelete: false,
} as const

/** What Tillbook publishes, as an AsyncAPI document. */
export function newAsyncApi(version: string): object {
  const { $schema: _, ...payload } = orderCreatedSchema() as Record<string, unknown>
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Tillbook events',
      version,
      description:
        'At least once, in the order of aggregate_version for each order. message_id is the same ' +
        'each time a message is sent: drop what you have handled.',
    },
    defaultContentType: 'application/json',
    channels: {
      createdOrder: {
        address: 'created_order',
        description: 'The routing key under which a queue is bound to the exchange.',
        messages: { orderCreated: { $ref: '#/components/messages/orderCreated' } },
        bindings: { amqp: { is: 'routingKey', exchange, bindingVersion: '0.3.0' } },
      },
    },
    operations: {
      publishCreatedOrder: {
        action: 'send',
        channel: { $ref: '#/channels/createdOrder' },
        bindings: {
          amqp: { deliveryMode: 2, mandatory: true, ack: true, bindingVersion: '0.3.0' },
        },
      },
    },
    components: {
      messages: {
        orderCreated: {
          name: 'order.created',
          title: 'An order was created',
          contentType: 'application/json',
          headers,
          payload: {
            schemaFormat: 'application/schema+json;version=draft-2020-12',
            schema: payload,
          },
        },
      },
    },
  }
}
