// Load: kept connections that send one request after another, as bytes, and count answers by their length. Light enough to leave the server the bottleneck.
import { connect } from 'node:net'

/**
 * Loads a server on the loopback for some seconds and gives the number of answers.
 * Every answer must be as long as the first one on its connection, and a 2xx.
 */
export function load({ port, request, seconds, connections = 50 }) {
  const bytes = Buffer.from(request)
  return new Promise((resolve, reject) => {
    let done = 0
    let over = false
    let open = connections
    const sockets = []
    const closed = () => {
      if (--open === 0) resolve(done)
    }
    for (let index = 0; index < connections; index++) {
      const socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      sockets.push(socket)
      let length = 0
      let got = 0
      let head = ''
      socket.on('connect', () => socket.write(bytes))
      socket.on('data', (chunk) => {
        if (length === 0) {
          head += chunk.toString('latin1')
          const end = head.indexOf('\r\n\r\n')
          if (end < 0) return
          const size = /\r\ncontent-length: (\d+)/i.exec(head)
          if (!/^HTTP\/1\.1 2/.test(head) || !size) return reject(new Error(`not an answer to count: ${head.slice(0, 200)}`))
          length = end + 4 + Number(size[1])
          got = head.length
        } else got += chunk.length
        if (got < length) return
        if (got > length) return reject(new Error('an answer is longer than the first'))
        got = 0
        done++
        if (!over) socket.write(bytes)
      })
      socket.on('close', closed)
      socket.on('error', reject)
    }
    setTimeout(() => {
      over = true
      setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, 50)
    }, seconds * 1000)
  })
}
