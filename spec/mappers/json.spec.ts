import { json } from '../../lib/index.js'
import { mapperContract } from '../contracts/mapper.js'

mapperContract('json', json)
