# The Redis server over TLS: who it is, is checked. The TLS that is linked in with STATIC=1 has words of its own, and no TLS 1.3.
load redis-helpers

if [ -n "${STATIC-}" ]; then
  unsigned='no trusted authority has signed it'
  other_name='it is for another host'
  other_address=$other_name
else
  unsigned='(unable to get local issuer|self-signed certificate in) certificate( chain)?'
  other_name='hostname mismatch'
  other_address='IP address mismatch'
fi

# A CA, and a server's certificate by it, for localhost and 127.0.0.1 unless another name is given.
certificates() {
  (
    cd "$place"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=test CA' -days 2 \
      -keyout ca.key -out ca.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=server' -keyout server.key -out server.csr
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem \
      -extfile <(echo "subjectAltName=${1:-DNS:localhost,IP:127.0.0.1}")
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=other CA' -days 2 \
      -keyout other.key -out other.pem
  ) 2> /dev/null
}

tls_server() {
  command -v openssl > /dev/null || skip "no openssl"
  port=$(free_port)
  certificates "${1-}"
  server_start --tls-port "$port" --bind 127.0.0.1 --tls-cert-file "$place/server.pem" --tls-key-file "$place/server.key" \
    --tls-ca-cert-file "$place/ca.pem" --tls-auth-clients no "${@:2}"
  extra_env+=("TCR_STATE=rediss://localhost:$port")
}

refused() {
  assert_status 0
  assert_stdout 'answer of a'
  assert_stderr_has "^tcr-run: warning: rediss://.*: $1; this run goes on"
  assert_equal "$(ask EXISTS tcr:state)" 0
}

@test "with its CA it is spoken to, by name and by address" {
  tls_server
  pool a
  extra_env+=("TCR_REDIS_CA_FILE=$place/ca.pem")
  tcr -- client
  assert_no_stderr
  with_env "TCR_STATE=rediss://127.0.0.1:$port" tcr -- client
  assert_no_stderr
  unset 'extra_env[-1]'
  with_env "SSL_CERT_FILE=$place/ca.pem" tcr -- client
  assert_no_stderr
  assert_equal "$(in_state '.keys[].runs')" 3
}

@test "a state of a megabyte goes both ways" {
  tls_server
  pool a
  extra_env+=("TCR_REDIS_CA_FILE=$place/ca.pem")
  tcr -- client
  in_state '.more = ("x" * 1000000)' | jq -c . > "$scratch/big"
  ask -x HSET tcr:state text < "$scratch/big" > /dev/null
  fresh -- client
  assert_no_stderr
  assert_equal "$(in_state '.keys[].runs, (.more | length)' | paste -sd ' ')" '2 1000000'
}

@test "another CA, the system's CAs, a file that is no CA" {
  tls_server
  pool a
  with_env "TCR_REDIS_CA_FILE=$place/other.pem" tcr -- client
  refused "TLS: the server's certificate is refused: $unsigned"
  rm -rf "$state"
  tcr -- client
  refused "TLS: the server's certificate is refused: $unsigned"
  with_env "TCR_REDIS_CA_FILE=$place/log" tcr -- client
  refused "TLS: TCR_REDIS_CA_FILE $place/log cannot be read as certificates"
}

@test "a certificate for another host" {
  tls_server DNS:elsewhere
  pool a
  extra_env+=("TCR_REDIS_CA_FILE=$place/ca.pem")
  tcr -- client
  refused "TLS: the server's certificate is refused: $other_name"
  with_env "TCR_STATE=rediss://127.0.0.1:$port" tcr -- client
  refused "TLS: the server's certificate is refused: $other_address"
}

@test "a certificate for an address alone, and for another address" {
  tls_server IP:127.0.0.2,IP:127.0.0.1
  pool a
  extra_env+=("TCR_REDIS_CA_FILE=$place/ca.pem")
  with_env "TCR_STATE=rediss://127.0.0.1:$port" tcr -- client
  assert_no_stderr
  ask DEL tcr:state > /dev/null
  tcr -- client
  refused "TLS: the server's certificate is refused: $other_name"
  server_stop
  tls_server IP:127.0.0.2,DNS:127.0.0.1
  with_env "TCR_STATE=rediss://127.0.0.1:$port" tcr -- client
  refused "TLS: the server's certificate is refused: $other_address"
}

@test "a program with everything linked in says that the server has to speak TLS 1.2" {
  [ -n "${STATIC-}" ] || skip "TCR_RUN loads libraries"
  tls_server '' --tls-protocols TLSv1.3
  pool a
  extra_env+=("TCR_REDIS_CA_FILE=$place/ca.pem")
  tcr -- client
  refused 'TLS: unsupported protocol version: this tcr-run speaks TLS 1\.2, which the server has to allow'
}

@test "TLS spoken to a server without it" {
  port=$(free_port)
  server_start --port "$port" --bind 127.0.0.1
  pool a
  extra_env+=("TCR_STATE=rediss://localhost:$port")
  tcr -- client
  assert_status 0
  assert_stderr_has ': (TLS: .*|the connection failed: .*|does not answer); this run goes on'
}

# With what the system would forbid allowed: the lowest version is ours to choose.
@test "a server that speaks nothing newer than TLS 1.1 is not spoken to" {
  printf '%s\n' 'openssl_conf = all' '[all]' 'ssl_conf = parts' '[parts]' 'system_default = old' '[old]' \
    'MinProtocol = TLSv1' 'CipherString = DEFAULT:@SECLEVEL=0' > "$scratch/openssl.cnf"
  export OPENSSL_CONF=$scratch/openssl.cnf
  port=$(free_port)
  certificates
  server_start --tls-port "$port" --bind 127.0.0.1 --tls-cert-file "$place/server.pem" --tls-key-file "$place/server.key" \
    --tls-ca-cert-file "$place/ca.pem" --tls-auth-clients no --tls-protocols TLSv1.1
  openssl s_client -connect "localhost:$port" -tls1_1 < /dev/null > /dev/null 2>&1 || skip "this OpenSSL has no TLS 1.1"
  pool a
  extra_env+=("TCR_STATE=rediss://localhost:$port" "TCR_REDIS_CA_FILE=$place/ca.pem" "OPENSSL_CONF=$OPENSSL_CONF")
  tcr -- client
  refused 'TLS: .*protocol version.*'
}

@test "leases are renewed over TLS too, also after a restart" {
  tls_server
  pool a
  extra_env+=("TCR_REDIS_CA_FILE=$place/ca.pem" TCR_REDIS_LEASE=2s)
  plays a 'touch "$PLAY/up"; while [ -d "$PLAY" ] && [ ! -e "$PLAY/go" ]; do sleep 0.05; done'
  tcr_background -- client
  eventually test -e "$play/up"
  ask DEL tcr:leases tcr:alive > /dev/null
  has_lease() { [ "$(ask HLEN tcr:leases)" = 1 ]; }
  eventually has_lease
  ask CLIENT KILL TYPE normal > /dev/null
  ask DEL tcr:leases tcr:alive > /dev/null
  eventually has_lease
  touch "$play/go"
  await
  assert_status 0
}

@test "OpenSSL is loaded only then" {
  server_start
  pool a
  plays a 'cat /proc/$PPID/maps'
  tcr -- client
  assert_stdout_has tcr-run
  ! grep -E 'libssl|libcrypto' "$out"
}
