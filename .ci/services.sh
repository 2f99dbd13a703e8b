#!/usr/bin/env bash
# Starts PostgreSQL, MariaDB and Redis where they are installed and do not run yet, and makes sure that each can be used under its URL.
set -u

open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

wait_for() {
  for _ in $(seq 60); do
    open "$1" && return
    sleep 0.5
  done
}

if ! open 5432 && command -v pg_ctlcluster >/dev/null; then
  read -r version cluster _ <<<"$(pg_lsclusters -h | head -1)"
  pg_ctlcluster "$version" "$cluster" start
  wait_for 5432
fi

if ! open 3306 && command -v mariadbd-safe >/dev/null; then
  mkdir -p /run/mysqld && chown mysql /run/mysqld
  nohup mariadbd-safe >/dev/null 2>&1 &
  wait_for 3306
fi

if ! open 6379 && command -v redis-server >/dev/null; then
  redis-server --daemonize yes --save '' --bind 127.0.0.1 >/dev/null
  wait_for 6379
fi

exec node "$(dirname "$0")/services.mjs"
