import ArgumentParser
import Files
import Foundation
import MPICommunicator

/// Runs a command's work; anything that goes wrong becomes one line on stderr and exit status 1.
public func reportingFailures(_ work: () throws -> Void) throws {
  do {
    try work()
  } catch let error as ExitCode {
    throw error
  } catch let error as ValidationError {
    throw error
  } catch let error as Interruption.Stopped {
    throw error
  } catch MPIError.alone where ProcessPlace.isLaunched {
    throw ExitCode(1)
  } catch {
    ProcessPlace.letLeaderSpeak()
    Terminal.error("error: \(oneLine(FileFailure.line(error)))")
    throw ExitCode(1)
  }
}

/// Checks what the arguments alone show: what is wrong with them is wrong usage, exit status 64.
public func wrongUsage<R>(_ check: () throws -> R) throws -> R {
  do { return try check() } catch { throw ValidationError("\(error)") }
}

/// A text without line breaks.
public func oneLine(_ text: String) -> String {
  text.split(whereSeparator: \.isNewline).joined(separator: " ")
}
