import Configurations
import Foundation
import Testing

/// Settings of a configuration file are followed, known to change nothing, or refused by name.
@Suite struct SettingRulesTests {
  private static let rules = SettingRules([
    "width": .read, "height": .readOrNull, "kernel": .only([3]), "kind": .only(["plain", nil]), "dropout": .ignored,
  ])

  /// The problem of a file of `rules`.
  private struct File: Decodable {
    let problem: SettingRules.Problem?

    init(from decoder: any Decoder) throws { problem = try SettingRulesTests.rules.problem(in: decoder) }
  }

  private func problem(_ text: String) throws -> SettingRules.Problem? {
    try JSONDecoder().decode(File.self, from: Data(text.utf8)).problem
  }

  @Test(arguments: [
    #"{}"#, #"{"width": 4, "height": null, "kernel": 3.0, "kind": null, "dropout": 0.5}"#, #"{"_name": {"a": [1]}}"#,
    #"{"kernel": [3, 3]}"#, #"{"unheard_of": null, "another": false, "third": [], "fourth": {}}"#,
  ])
  func accepted(text: String) throws {
    #expect(try problem(text) == nil)
  }

  @Test(arguments: [
    (#"{"width": null}"#, "width", "null is not supported"),
    (#"{"kernel": 1}"#, "kernel", "1 is not supported, only 3"),
    (#"{"kernel": [3, 1]}"#, "kernel", "[3, 1] is not supported, only 3"),
    (#"{"kernel": true}"#, "kernel", "true is not supported, only 3"),
    (#"{"kind": "gated"}"#, "kind", "\"gated\" is not supported, only \"plain\" or null"),
    (
      #"{"unheard_of": 0.5}"#, "unheard_of",
      "0.5 is a setting this version does not know: the model may need it; take it out if it does not"
    ),
  ])
  func refused(text: String, key: String, reason: String) throws {
    let problem = try #require(try problem(text))
    #expect(problem.key == key && problem.reason == reason)
  }
}
