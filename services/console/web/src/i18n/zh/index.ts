import { admin } from './admin'
import { agents } from './agents'
import { apps } from './apps'
import { chat } from './chat'
import { customer } from './customer'
import { lists } from './lists'
import { problems } from './problems'
import { refusals } from './refusals'
import { reports } from './reports'
import { shell } from './shell'
import { times } from './times'

export const words = { shell, lists, chat, customer, admin, apps, agents, problems, refusals, reports, times }
