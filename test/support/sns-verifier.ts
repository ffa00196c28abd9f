// What a careful subscriber does with a message: fetch the certificate it names and check the
// signature over AWS's string to sign. Written against AWS's page, not against our own code.
import { createVerify, X509Certificate } from 'node:crypto';

export interface SnsBody {
  readonly Type: string;
  readonly MessageId: string;
  readonly TopicArn: string;
  readonly Message: string;
  readonly Timestamp: string;
  readonly SignatureVersion: string;
  readonly Signature: string;
  readonly SigningCertURL: string;
  readonly Subject?: string;
  readonly Token?: string;
  readonly SubscribeURL?: string;
  readonly UnsubscribeURL?: string;
  readonly MessageAttributes?: Readonly<
    Record<string, { readonly Type: string; readonly Value: string }>
  >;
}

export function isSignedBy(body: SnsBody, certificatePem: string): boolean {
  let text = `Message\n${body.Message}\nMessageId\n${body.MessageId}\n`;
  if (body.Type === 'Notification') {
    if (body.Subject !== undefined) text += `Subject\n${body.Subject}\n`;
  } else {
    text += `SubscribeURL\n${body.SubscribeURL}\n`;
  }
  text += `Timestamp\n${body.Timestamp}\n`;
  if (body.Type !== 'Notification') text += `Token\n${body.Token}\n`;
  text += `TopicArn\n${body.TopicArn}\nType\n${body.Type}\n`;
  const verifier = createVerify(body.SignatureVersion === '2' ? 'RSA-SHA256' : 'RSA-SHA1');
  verifier.update(text, 'utf8');
  const { publicKey } = new X509Certificate(certificatePem);
  return verifier.verify(publicKey, body.Signature, 'base64');
}
