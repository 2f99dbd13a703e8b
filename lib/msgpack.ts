// express-trestle/msgpack: the MessagePack mapper, for applications that have the `msgpackr` package.
export { type MsgpackOptions, msgpack, msgpackWith } from './mappers/msgpack.js'
