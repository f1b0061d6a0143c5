import {
  IncomingMessage,
  ServerResponse,
  type RequestListener,
  type ServerOptions,
} from 'node:http'
import express, { type Express } from 'express'

type Messages = Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'>

/**
 * An Express app. Its server makes requests and responses as Express wants them (messagesOf): of others it changes
 * the prototype, one by one. V8 then knows none of their shapes any more, and the smallest request takes five
 * times as long.
 */
export function newExpress(): Express {
  const app = express()
  class OwnRequest extends IncomingMessage {}
  class OwnResponse extends ServerResponse {}
  app.request = adopt(app, OwnRequest.prototype, express.request)
  app.response = adopt(app, OwnResponse.prototype, express.response)
  return app
}

function adopt<Prototype extends object>(
  app: Express,
  own: object,
  prototype: Prototype,
): Prototype {
  Object.setPrototypeOf(own, prototype)
  const descriptor = { value: app, configurable: true, enumerable: true, writable: true }
  return Object.defineProperty(own, 'app', descriptor) as Prototype
}

/** What a server has to make for this app. */
export function messagesOf(app: RequestListener): Messages {
  const { request, response } = app as Partial<Express>
  if (!request || !response) return {}
  return {
    IncomingMessage: request.constructor as typeof IncomingMessage,
    ServerResponse: response.constructor as typeof ServerResponse,
  }
}
