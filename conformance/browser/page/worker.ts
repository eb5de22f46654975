import { serveMachine } from '@ringfold/host-web/worker'

serveMachine()
