// `npm start`, as a newcomer would run it: asks what it prints, and ends it.
import { spawn } from 'node:child_process'

const child = spawn('npm', ['start'], { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
const timer = setTimeout(() => stop(new Error('nothing was printed for a minute')), 60_000)
let printed = ''

child.on('exit', (code) => stop(new Error(`it ended with ${code}`)))
child.stdout.setEncoding('utf8').on('data', async (text) => {
  printed += text
  const at = /curl (localhost:\d+\/contacts)\n/.exec(printed)?.[1]
  if (!at || !printed.includes('DELETE')) return
  child.stdout.removeAllListeners('data')
  try {
    const expect = async (path, headers, status, type) => {
      const response = await fetch(`http://${at}${path}`, { headers })
      const got = `${response.status} ${response.headers.get('content-type')?.split(';')[0]}`
      if (got !== `${status} ${type}`) throw new Error(`${path} answered ${got}, not ${status} ${type}`)
    }
    await expect('', {}, 200, 'application/json')
    await expect('', { Accept: 'application/xml' }, 200, 'application/xml')
    await expect('?format=text', {}, 200, 'text/plain')
    await expect('/1.json', {}, 200, 'application/json')
    await expect('', { Accept: 'image/png' }, 406, 'application/problem+json')
    stop()
  } catch (error) {
    stop(error)
  }
})

function stop(error) {
  clearTimeout(timer)
  child.removeAllListeners('exit')
  try {
    process.kill(-child.pid)
  } catch {}
  if (error) console.error(`npm start: ${error.message}`)
  else console.log('npm start answers.')
  process.exit(error ? 1 : 0)
}
