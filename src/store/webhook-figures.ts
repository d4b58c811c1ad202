import type { Sql } from './database.ts';

/** What deliveries come to, in numbers. */
export interface WebhookFigures {
  /** Webhooks by state; `resting` are active and are left alone because they take nothing. */
  readonly states: Readonly<Record<'active' | 'resting' | 'paused' | 'disabled' | 'gone', number>>;
  /** Events that are not delivered yet, those that a webhook does not want among them. */
  readonly lag: number;
  /** The webhooks that are most behind. */
  readonly most: readonly { readonly webhook: string; readonly lag: number }[];
  readonly parked: number;
  readonly dead: number;
  readonly replays: number;
}

/** More series would be a burden to whoever keeps them. */
const MOST = 50;

export async function webhookFigures(sql: Sql): Promise<WebhookFigures> {
  const [row] = await sql<[WebhookFigures]>`
    with behind as materialized (
      select l.endpoint_no, sum(least(l.until, d.last_seq) - l.cursor)::float8 as lag
        from lane l join device d on d.no = l.device_no
       where not l.replay and l.cursor < least(l.until, d.last_seq)
       group by l.endpoint_no
    )
    select (
             select json_build_object(
               'active', count(*) filter (where state = 'active' and breaker_until <= now()),
               'resting', count(*) filter (where state = 'active' and breaker_until > now()),
               'paused', count(*) filter (where state = 'paused'),
               'disabled', count(*) filter (where state = 'disabled'),
               'gone', count(*) filter (where state = 'gone'))
             from endpoint where active
           ) as states,
           (select coalesce(sum(lag), 0) from behind) as lag,
           (
             select coalesce(json_agg(m), '[]') from (
               select e.id as webhook, b.lag from behind b join endpoint e on e.no = b.endpoint_no
               where e.active order by b.lag desc limit ${MOST}
             ) m
           ) as most,
           (select count(*) from parked) as parked, (select count(*) from dead_letter) as dead,
           (select count(*) from lane where replay) as replays`;
  return row;
}
