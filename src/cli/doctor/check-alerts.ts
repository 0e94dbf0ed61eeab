/** Checks whether the addresses of alerts can be reached. Sends nothing. */
import type { Config } from '../../config/config.ts';
import { createOutbound } from '../../outbound/http-client.ts';
import { type Finding, ok, reasonOf, warning } from './finding.ts';

export async function checkAlerts({ alerts, outboundAllowedNetworks }: Config): Promise<readonly Finding[]> {
  const { telegram, webhook } = alerts;
  if (telegram === null && webhook === null) {
    return [
      warning(
        'alerts',
        'problems are shown only in the console and GET /api/v1/problems',
        'set ALERT_TELEGRAM_BOT_TOKEN and ALERT_TELEGRAM_CHAT_ID, or ALERT_WEBHOOK_URL',
      ),
    ];
  }
  const outbound = createOutbound({ allowedNetworks: outboundAllowedNetworks });
  const findings: Finding[] = [];
  const check = async (name: string, url: string, variable: string): Promise<void> => {
    try {
      await outbound.check(url);
      findings.push(ok('alerts', `${name}: ${new URL(url).host}`));
    } catch (error) {
      const remedy = `correct ${variable}, or name its network in OUTBOUND_ALLOWED_NETWORKS`;
      findings.push(warning('alerts', `${name}: ${new URL(url).host}: ${reasonOf(error)}`, remedy));
    }
  };
  if (telegram !== null) await check('Telegram', telegram.baseUrl, 'ALERT_TELEGRAM_BASE_URL');
  if (webhook !== null) await check('webhook', webhook.url, 'ALERT_WEBHOOK_URL');
  if (webhook?.secret === null) {
    findings.push(warning('alerts', 'the webhook’s messages are not signed', 'set ALERT_WEBHOOK_SECRET'));
  }
  await outbound.close();
  return findings;
}
