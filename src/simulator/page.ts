export const page = '<!doctype html><title>Simulator</title>';
