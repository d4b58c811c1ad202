/** What a client's connection was ended for. */
export type ProtocolFault =
  | 'frame' // not the intro, or a frame too long
  | 'handshake'
  | 'login' // a registration or login of a wrong shape
  | 'authentication' // a frame that its sender did not seal
  | 'encoding' // not a binary node
  | 'stanza' // a node of a wrong shape
  | 'websocket'
  | 'flood'
  | 'backlog'
  | 'handshake-timeout'
  | 'idle'
  | 'internal'; // the server's own fault
