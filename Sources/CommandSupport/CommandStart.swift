import ArgumentParser
import CFiles
import Foundation
import Glibc

/// A command whose work the processes of `mpirun` share; any other is done by the first of them.
public protocol SharedAmongProcesses {}

/// How every command starts and ends.
public enum CommandStart {
  /// Runs a command's `main`.
  ///
  /// Exit status: 0, 1 for work that failed, 64 for wrong usage, 128 and the signal's number for an interruption. Whatever
  /// went wrong is one line on stderr. Wrong usage is what the arguments alone show, before any file is opened.
  public static func run(_ command: any ParsableCommand.Type) -> Never {
    settleStreams()
    Interruption.install()
    do {
      var parsed = try command.parseAsRoot(withNegativeNumbers(Array(CommandLine.arguments.dropFirst())))
      // What is not shared among processes is the first one's alone.
      if ProcessPlace.isFollower, !(parsed is any SharedAmongProcesses) { end(nil) }
      try parsed.run()
    } catch {
      end(command, error)
    }
    end(nil)
  }

  /// Gives closed streams something to stand for, so that no file that is opened takes their numbers, and lets a pipe
  /// without a reader be an error like any other.
  private static func settleStreams() {
    cf_ignore(SIGPIPE)
    // What cannot be read reads as empty, stdout fails as a closed one does, and stderr has nobody to reach.
    for (number, mode) in [(0, O_RDONLY), (1, O_RDONLY), (2, O_WRONLY)] as [(Int32, Int32)]
    where fcntl(number, F_GETFD) == -1 {
      // The lowest free number is this one: those below are open by now.
      _ = open("/dev/null", mode)
    }
  }

  /// Joins a flag and a negative number behind it with `=`: on its own, that would be taken for a flag.
  package static func withNegativeNumbers(_ arguments: [String]) -> [String] {
    var joined: [String] = []
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { return joined + arguments[index...] }
      if let flag = joined.last, flag.hasPrefix("--"), !flag.contains("="), argument.hasPrefix("-"),
        Double(argument) != nil
      {
        joined[joined.count - 1] = "\(flag)=\(argument)"
      } else {
        joined.append(argument)
      }
    }
    return joined
  }

  private static func end(_ command: any ParsableCommand.Type, _ error: any Error) -> Never {
    if error is Interruption.Stopped {
      if !ProcessPlace.isFollower, !Interruption.isForLauncher { Terminal.lastWords("error: \(error)") }
      exit(Interruption.status)
    }
    let status = command.exitCode(for: error).rawValue
    guard status != ExitCode.success.rawValue else {
      // Help, a version or a completion script.
      let text = command.fullMessage(for: error)
      if !text.isEmpty { Terminal.out(text) }
      end(nil)
    }
    // Told already.
    if error is ExitCode { end(nil, status: status) }
    ProcessPlace.letLeaderSpeak()
    let message = oneLine(command.message(for: error))
    guard status == ExitCode.validationFailure.rawValue else { end("error: \(message)", status: status) }
    end("error: \(message)\(hint(command.fullMessage(for: error)))", status: status)
  }

  /// Where to read on, of a message with the usage in it.
  private static func hint(_ message: String) -> String {
    guard let line = message.split(separator: "\n").last(where: { $0.hasPrefix("  See '") }),
      let name = line.split(separator: "'").dropFirst().first
    else { return "" }
    return " (see \(name))"
  }

  private static func end(_ line: String?, status: Int32 = 0) -> Never {
    if let line { Terminal.error(line) }
    do {
      try Terminal.checkOutput()
    } catch {
      guard status == 0 else { exit(status) }
      Terminal.error("error: \(error)")
      exit(1)
    }
    exit(status)
  }
}
