/** Finds words that people would read or hear and that stand in a component instead of in i18n/. */

import { parseAst } from "vite";

type Node = Record<string, unknown> & { type: string };

/** Attributes whose value is read by eyes or by a screen reader, of elements and of our own components. */
const SPOKEN = new Set([
  "aria-label",
  "aria-description",
  "aria-valuetext",
  "aria-roledescription",
  "alt",
  "title",
  "placeholder",
  "label",
  "hint",
  "body",
  "heading",
  "words",
  "yes",
  "no",
]);
const WORD = /\p{L}{2}/u;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string";

/** Texts between tags, texts chosen by an expression between tags, and values of spoken attributes. */
export function literalsIn(source: string): string[] {
  const found: string[] = [];
  visit(parseAst(source, { lang: "tsx" }) as unknown as Node, found);
  return found;
}

function visit(node: Node, found: string[]): void {
  if (node.type === "JSXText") keep(node.value, found);
  if (node.type === "JSXElement" || node.type === "JSXFragment")
    for (const child of node.children as Node[])
      if (child.type === "JSXExpressionContainer") outcomes(child.expression as Node, found);
  if (node.type === "JSXAttribute" && SPOKEN.has(String((node.name as Node).name)) && isNode(node.value)) {
    const value = node.value;
    outcomes(value.type === "JSXExpressionContainer" ? (value.expression as Node) : value, found);
  }
  for (const value of Object.values(node)) {
    if (isNode(value)) visit(value, found);
    else if (Array.isArray(value)) for (const each of value) if (isNode(each)) visit(each, found);
  }
}

/** What an expression can come to, as far as it is written down. */
function outcomes(node: Node, found: string[]): void {
  if (node.type === "Literal") keep(node.value, found);
  if (node.type === "TemplateLiteral")
    for (const part of node.quasis as (Node & { value: { cooked: string } })[]) keep(part.value.cooked, found);
  for (const part of PARTS[`${node.type} ${node.operator ?? ""}`.trim()] ?? []) outcomes(node[part] as Node, found);
}

/** The parts of an expression that its value is made of. */
const PARTS: Record<string, readonly string[]> = {
  ConditionalExpression: ["consequent", "alternate"],
  "LogicalExpression &&": ["right"],
  "LogicalExpression ||": ["left", "right"],
  "LogicalExpression ??": ["left", "right"],
  "BinaryExpression +": ["left", "right"],
  ParenthesizedExpression: ["expression"],
  TSAsExpression: ["expression"],
  TSNonNullExpression: ["expression"],
};

function keep(value: unknown, found: string[]): void {
  if (typeof value === "string" && WORD.test(value)) found.push(value.trim());
}
