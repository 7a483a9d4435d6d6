import type { Everything } from '../index'
import { admin } from './admin'
import { chat } from './chat'
import { customer } from './customer'
import { lists } from './lists'
import { problems } from './problems'
import { refusals } from './refusals'
import { shell } from './shell'
import { times } from './times'

export const words: Everything = { shell, lists, chat, customer, admin, problems, refusals, times }
