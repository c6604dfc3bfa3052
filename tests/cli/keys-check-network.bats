# tcr-run keys check on the way to the provider: names, TLS and proxies, as curl has them.
load provider-helpers

# The TLS that is linked in with STATIC=1 knows hosts by their names alone, keys encrypted in the older format, and has other words.
host=127.0.0.1
refused='SSL certificate problem'
encrypted=()
if [ -n "${STATIC-}" ]; then
  host=localhost
  refused='Cert verify failed'
  encrypted=(-traditional)
fi

# An authority and a certificate of it for this machine.
certificates() {
  local curve=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  {
    openssl req -x509 "${curve[@]}" -days 2 -subj /CN=test-authority -keyout "$scratch/ca.key" -out "$scratch/ca.pem"
    openssl req "${curve[@]}" -subj /CN=test-provider -keyout "$scratch/provider.key" -out "$scratch/provider.csr"
    openssl x509 -req -in "$scratch/provider.csr" -CA "$scratch/ca.pem" -CAkey "$scratch/ca.key" -CAcreateserial -days 2 \
      -extfile <(echo subjectAltName=IP:127.0.0.1,DNS:localhost) -out "$scratch/provider.crt"
    cat "$scratch/provider.crt" "$scratch/provider.key" > "$scratch/provider.pem"
  } > "$scratch/openssl" 2>&1
}

# believing NAME=VALUE...: with these variables besides the provider's address.
believing() {
  extra_env=("ANTHROPIC_BASE_URL=https://$host:$port" "$@")
  check
}

@test "certificates are verified, by the authorities that the environment names" {
  certificates
  pool home work
  answer home=ok work=ok
  provide --certificate "$scratch/provider.pem"
  believing
  assert_status 1
  says home unreachable "$refused"
  assert_asked ''
  believing CURL_CA_BUNDLE="$scratch/ca.pem"
  assert_status 0
  believing SSL_CERT_FILE="$scratch/ca.pem"
  assert_status 0
  believing NODE_EXTRA_CA_CERTS="$scratch/ca.pem"
  assert_status 0
  mkdir "$scratch/authorities"
  cp "$scratch/ca.pem" "$scratch/authorities/$(openssl x509 -hash -noout -in "$scratch/ca.pem").0"
  believing SSL_CERT_DIR="$scratch/authorities"
  assert_status 0
}

@test "a provider that wants a certificate is shown Claude Code's" {
  certificates
  pool home
  answer home=ok
  provide --certificate "$scratch/provider.pem" --clients "$scratch/ca.pem"
  believing CURL_CA_BUNDLE="$scratch/ca.pem"
  assert_status 1
  assert_asked ''
  openssl pkey -in "$scratch/provider.key" "${encrypted[@]}" -aes256 -passout pass:open -out "$scratch/client.key"
  believing CURL_CA_BUNDLE="$scratch/ca.pem" CLAUDE_CODE_CLIENT_CERT="$scratch/provider.crt" \
    CLAUDE_CODE_CLIENT_KEY="$scratch/client.key" CLAUDE_CODE_CLIENT_KEY_PASSPHRASE=open
  assert_status 0
}

@test "extra authorities are besides the others, and a missing file of them is said" {
  certificates
  pool home
  answer home=ok
  provide --certificate "$scratch/provider.pem"
  mv "$scratch/ca.pem" "$scratch/first.pem"
  cp -r "$scratch/provider.pem" "$scratch/kept.pem"
  certificates
  believing CURL_CA_BUNDLE="$scratch/first.pem" NODE_EXTRA_CA_CERTS="$scratch/ca.pem"
  assert_status 0
  believing NODE_EXTRA_CA_CERTS="$scratch/ca.pem"
  says home unreachable "$refused"
  believing CURL_CA_BUNDLE="$scratch/first.pem" NODE_EXTRA_CA_CERTS="$scratch/nowhere"
  assert_status 0
  assert_stderr_has 'warning: .*/nowhere \(NODE_EXTRA_CA_CERTS\): No such file or directory; expected a file of certificates'
}

@test "a proxy of the environment is used, and no_proxy keeps it out" {
  pool home
  answer home=ok
  provide
  extra_env=(ANTHROPIC_BASE_URL=http://127.0.0.1:1 "http_proxy=http://127.0.0.1:$port")
  check
  assert_status 0
  assert_equal "$(jq -r .path "$asked")" 'http://127.0.0.1:1/v1/models?limit=1'
  extra_env+=(no_proxy=127.0.0.1)
  check
  assert_status 1
  says home unreachable 'Failed to connect to 127.0.0.1 port 1 '
}

# A network of its own, in which the name server never answers. Looking a name up takes ten seconds there.
silence() {
  cat > "$scratch/silence" << 'END'
ip link set lo up
mount --bind "$1/resolv.conf" /etc/resolv.conf
timeout 10 python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 53)); open(sys.argv[1], "w"); time.sleep(60)' \
  "$1/silent" > /dev/null 2>&1 < /dev/null &
while [ ! -e "$1/silent" ]; do sleep 0.05; done
shift
exec "$@"
END
  echo 'nameserver 127.0.0.1' > "$scratch/resolv.conf"
  as=(unshare -nm bash "$scratch/silence" "$scratch")
  within true > "$scratch/unshared" 2>&1 || skip "cannot make a network of its own"
  rm -f "$scratch/silent"
}

@test "a name that is looked up in vain is not waited for longer than the time limit" {
  pool home work
  extra_env=(ANTHROPIC_BASE_URL=http://provider.example)
  silence
  check --timeout 1
  assert_status 1
  says home unreachable 'no answer within 1 s'
  says work unreachable 'no answer within 1 s'
  assert_ms "$took" 900 4000
}
