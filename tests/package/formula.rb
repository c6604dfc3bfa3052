# formula.rb FORMULA [SOURCES PREFIX]: what Homebrew does with a formula, as far as this one asks for it: its fields are
# printed, its install and its test are run.

require "fileutils"
require "minitest/assertions"
require "open3"
require "pathname"
require "tmpdir"

class Formula
  include FileUtils
  include Minitest::Assertions

  FIELDS = %i[desc homepage url sha256 license].freeze
  class << self
    attr_reader :fields, :needs, :check

    FIELDS.each { |name| define_method(name) { |value| (@fields ||= {})[name] = value } }
    def depends_on(what) = (@needs ||= []) << what
    def test(&block) = @check = block
  end

  attr_accessor :assertions
  attr_reader :prefix, :testpath

  def initialize(prefix, testpath)
    @assertions = 0
    @prefix = prefix
    @testpath = testpath
  end

  def bin = prefix/"bin"
  def version = self.class.fields[:url][/tcr-run-([0-9.]+)\.tar/, 1]
  def std_meson_args = ["--prefix=#{prefix}", "--libdir=#{prefix}/lib", "--buildtype=release", "--wrap-mode=nofallback"]

  def system(*words)
    output, status = Open3.capture2e(*words)
    abort "#{words.join(" ")}: #{output}" unless status.success?
  end

  def shell_output(line)
    output, status = Open3.capture2(line)
    abort "#{line}: #{status}" unless status.success?
    output
  end
end

file, sources, prefix = ARGV
load file
Formula::FIELDS.each { |name| puts "#{name}: #{TcrRun.fields.fetch(name)}" }
puts "needs: #{TcrRun.needs.map { |need| need.is_a?(Hash) ? need.keys[0] : need }.join(" ")}"
exit unless sources
Dir.mktmpdir do |home|
  ENV["HOME"] = home
  formula = TcrRun.new(Pathname(prefix), Pathname(home))
  Dir.chdir(sources) { formula.install }
  Dir.chdir(home) { formula.instance_eval(&TcrRun.check) }
end
