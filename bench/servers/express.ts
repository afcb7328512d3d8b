import express from 'express';
import { addRoutes, serve } from './serve.ts';

const app = express();
addRoutes(app);
serve(app);
