// Reply: data with a status and header fields, formatted as late as possible, so that filters can still read and change the data.
import type { Headers } from './problem.js'

/** What a {@link Reply} may carry beside its data. */
export interface ReplyOptions {
  /** The status of the answer. @default 200, or 204 where there is no data */
  status?: number
  /** Header fields of the answer. */
  headers?: Headers
}

/** Data with a status and header fields. A handler may return one instead of bare data. */
export class Reply<Data = unknown> {
  data: Data
  /** `undefined` leaves the choice to what stands on `res`, else 200, or 204 where there is no data. */
  status: number | undefined
  headers: Headers | undefined

  constructor(data: Data, options: ReplyOptions = {}) {
    const { status } = options
    if (status !== undefined && (!Number.isInteger(status) || status < 200 || status > 599))
      throw new RangeError(`A reply's status is between 200 and 599, not ${status}.`)
    this.data = data
    this.status = status
    this.headers = options.headers
  }
}

/**
 * Data with a status and header fields of your own.
 * @example return reply(contact, { status: 203, headers: { 'X-Source': 'cache' } })
 * @throws RangeError when the status is not between 200 and 599
 */
export const reply = <Data>(data: Data, options?: ReplyOptions): Reply<Data> => new Reply(data, options)

/** A URL for the `Location` field, and further header fields. */
export interface LocationOptions {
  /** Where the thing is, a URL reference (RFC 9110 section 10.2.2). */
  location?: string
  headers?: Headers
}

const located = (status: number, { location, headers }: LocationOptions): ReplyOptions => ({
  status,
  headers: location === undefined ? { ...headers } : { Location: location, ...headers },
})

/** 201, with the new thing and where it is. @example return created(contact, { location: ctx.url('/:id', contact) }) */
export const created = <Data = undefined>(data?: Data, options: LocationOptions = {}): Reply<Data> => new Reply(data as Data, located(201, options))

/** 202: taken on, not done yet; `location` is where its state can be asked. @example return accepted({ job: 7 }, { location: '/jobs/7' }) */
export const accepted = <Data = undefined>(data?: Data, options: LocationOptions = {}): Reply<Data> => new Reply(data as Data, located(202, options))

/** 204: done, and nothing to say. @example return noContent() */
export const noContent = (headers?: Headers): Reply<undefined> => new Reply(undefined, headers ? { status: 204, headers } : { status: 204 })

/** 303: the answer is over there, to be fetched with GET. @example return seeOther('/contacts/7') */
export const seeOther = (location: string, headers?: Headers): Reply<undefined> =>
  new Reply(undefined, located(303, headers ? { location, headers } : { location }))
