// GET /authority.pem: the certificate of the authority that signed this server's, for clients to trust. Public.

import type { Operation } from '../surface.ts';

export const readAuthority: Operation = ({ deployment }) => ({
  status: 200,
  body: deployment.authorityPem,
  contentType: 'application/x-pem-file',
});
