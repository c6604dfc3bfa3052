class TcrRun < Formula
  desc "Run a command with one key of a pool, and carry on with the next"
  homepage "@HOMEPAGE@"
  url "@ARCHIVE@"
  sha256 "@SHA256@"
  license "MIT"

  depends_on "meson" => :build
  depends_on "ninja" => :build
  depends_on "pkgconf" => :build
  depends_on "scdoc" => :build
  depends_on "cjson"
  depends_on "curl"
  depends_on "hiredis"
  depends_on "libmicrohttpd"
  depends_on "libsodium"
  depends_on "openssl@3"
  depends_on "sqlite"

  def install
    system "meson", "setup", "build", "-Dtests=false", *std_meson_args
    system "meson", "compile", "-C", "build", "--verbose"
    system "meson", "install", "-C", "build"
  end

  test do
    ENV["TCR_KEYS"] = "home=sk-ant-oat01-FAKE-home-0001,work=sk-ant-oat01-FAKE-work-0001"
    (testpath/"agent").write <<~SHELL
      #!/bin/sh
      case $CLAUDE_CODE_OAUTH_TOKEN in
        *home*) echo "quota exhausted"; exit 1 ;;
      esac
      echo "done"
    SHELL
    chmod 0755, testpath/"agent"
    assert_match version.to_s, shell_output("#{bin}/tcr-run --version")
    assert_equal "done\n", shell_output("#{bin}/tcr-run -m 'limit=^quota exhausted' -- ./agent")
  end
end
