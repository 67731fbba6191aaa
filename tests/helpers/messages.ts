// Finds what the library throws, logs and shows, in its sources.

import ts from "typescript";

/** A message: `…` stands for what differs. */
export interface Message {
  /** The class of the error, the level of the log, or `shown` by console.log. */
  kind: string;
  text: string;
}

/** All messages of a source. */
export function messagesOf(path: string): Message[] {
  const file = ts.createSourceFile(
    path,
    Deno.readTextFileSync(path),
    ts.ScriptTarget.Latest,
    true,
  );
  return within(file).flatMap((node) => thrown(node) ?? logged(node) ?? []);
}

function within(node: ts.Node): ts.Node[] {
  const found = [node];
  ts.forEachChild(node, (child) => void found.push(...within(child)));
  return found;
}

function thrown(node: ts.Node): Message[] | undefined {
  if (!ts.isNewExpression(node)) return undefined;
  const name = node.expression.getText();
  if (name === "Label") return message("shown", node.arguments?.[0]);
  if (!name.endsWith("Error")) return undefined;
  if (node.arguments?.length === 0) return []; // made for its stack
  return message(name, node.arguments?.[name === "AggregateError" ? 1 : 0]);
}

const LEVELS = ["debug", "info", "warn", "error"];

/** `log.warn(() => text)`, or `console.error(text)`. */
function logged(node: ts.Node): Message[] | undefined {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) {
    return undefined;
  }
  const { expression: on, name } = node.expression;
  if (!LEVELS.includes(name.text)) return undefined;
  const [given] = node.arguments;
  if (on.getText() === "console") return message(`console.${name.text}`, given);
  return given && ts.isArrowFunction(given) ? message(name.text, given.body) : undefined;
}

function message(kind: string, given: ts.Node | undefined): Message[] {
  const text = given === undefined ? "" : textOf(given);
  if (/[a-z]/.test(text)) return [{ kind, text }];
  throw new Error(`${given?.getText()} tells nothing: have the text where ${kind} is made`);
}

/** What is written out; a name stands for what it was declared as, a call for what it gives. */
function textOf(node: ts.Node): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression);
  if (ts.isBinaryExpression(node)) return textOf(node.left) + textOf(node.right);
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => "…" + literal.text).join("");
  }
  if (ts.isBlock(node)) return returned(node);
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) return called(node.expression);
  return ts.isIdentifier(node) ? declared(node) : "…";
}

/** A function of the same file stands for what it returns. */
function called(name: ts.Identifier): string {
  const found = within(name.getSourceFile()).filter(ts.isFunctionDeclaration)
    .find((one) => one.name?.text === name.text);
  return found?.body === undefined ? "…" : returned(found.body);
}

function returned(body: ts.Block): string {
  const given = within(body).find(ts.isReturnStatement)?.expression;
  return given === undefined ? "…" : textOf(given);
}

function declared(name: ts.Identifier): string {
  const found = within(name.getSourceFile()).filter(ts.isVariableDeclaration)
    .find((one) => one.name.getText() === name.text);
  return found?.initializer === undefined ? "…" : textOf(found.initializer);
}
