export type Priority = 'essential' | 'low';
