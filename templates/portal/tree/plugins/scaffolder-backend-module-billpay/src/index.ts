export { createScaffoldAction } from './action';
export { default } from './module';
