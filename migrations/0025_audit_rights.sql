-- What was recorded is read by its tenant, and changed under no tenant's role: the intake, retention and erasure run under
-- the system's.
revoke update, delete on integration_logs, log_bodies, usage_daily, webhook_events, webhook_attempts
  from integration_service_tenant;
