/// What looks like a mistake in a prompt. Nothing here stops a picture: the rules for broken prompts are AUTOMATIC1111's.
public enum PromptCheck {
  /// One line for each problem, with its column (from 1).
  public static func problems(_ prompt: String) -> [String] {
    var problems: [String] = []
    var open: [(character: Character, column: Int)] = []
    var isEscaped = false
    for (index, c) in prompt.enumerated() {
      let column = index + 1
      if isEscaped {
        isEscaped = false
        continue
      }
      switch c {
      case "\\": isEscaped = true
      case "(", "[": open.append((c, column))
      case ")", "]":
        let wanted: Character = c == ")" ? "(" : "["
        if open.last?.character == wanted {
          open.removeLast()
        } else {
          problems.append("column \(column): \"\(c)\" closes nothing; it is taken as text (write \\\(c) to mean that)")
        }
      default: break
      }
    }
    problems += open.map {
      "column \($0.column): \"\($0.character)\" is never closed; its emphasis holds to the end of the prompt"
    }
    for tag in Prompt(prompt).tags where tag.kind != "lora" && tag.kind != "lyco" {
      problems.append(
        "<\(tag.kind):\(tag.arguments.joined(separator: ":"))>: tags of this kind are not known and left out")
    }
    return problems
  }
}
