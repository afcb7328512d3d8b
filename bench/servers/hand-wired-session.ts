import { handWired } from './hand-wired-stack.ts';
import { serve } from './serve.ts';

serve(handWired({ session: true }));
