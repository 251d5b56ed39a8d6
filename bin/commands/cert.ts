// `meridian cert export`: the certificate authority for clients to trust, from the data directory, where it is made
// if no server has made it yet, or the operator's own.

import { join } from 'node:path';
import { loadCertificate, openCertificate } from '../../frontends/certificate.ts';
import { hostNames } from '../address.ts';
import type { Command } from '../commands.ts';

export const cert: Command = async ({ settings, write }) => {
  const { tlsCert, tlsKey } = settings;
  const certificate =
    tlsCert !== undefined && tlsKey !== undefined
      ? await loadCertificate(tlsCert, tlsKey)
      : await openCertificate({
          directory: join(settings.data, 'tls'),
          names: hostNames(settings),
          nowMs: () => Date.now(),
          onRenewalFailure: () => undefined,
        });
  write(certificate.authorityPem);
  certificate.close();
  return 0;
};
