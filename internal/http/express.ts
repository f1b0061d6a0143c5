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
 * the prototype, one by one. V8 then knows none of their shapes any more, and serving one takes three times as
 * long.
 */
export function newExpress(): Express {
  const app = express()
  class Request extends IncomingMessage {}
  class Response extends ServerResponse {}
  app.request = adopt(app, Request.prototype, express.request)
  app.response = adopt(app, Response.prototype, express.response)
  return app
}

function adopt<Prototype extends object>(
  app: Express,
  own: object,
  prototype: Prototype,
): Prototype {
  Object.setPrototypeOf(own, prototype)
  return Object.defineProperty(own, 'app', { value: app, writable: true }) as Prototype
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
