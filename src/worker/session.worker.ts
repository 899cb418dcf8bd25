import { expose } from 'comlink';
import { RunStore } from '../storage/run-store.ts';
import { Session } from './session.ts';

expose(new Session(navigator.gpu, isSecureContext, RunStore.open));
