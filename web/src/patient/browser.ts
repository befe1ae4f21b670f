/** Which program shows this page, and what it keeps from a call. Decides by what the program can do first, by its name
 * only for the words of the way out. Pure: the user agent and the abilities come in as values. */

/** Programs that show pages inside themselves; `webview` and `ios_view` are such whose name we do not know. */
export type InApp =
  | "wechat"
  | "qq"
  | "weibo"
  | "dingtalk"
  | "alipay"
  | "feishu"
  | "douyin"
  | "baidu"
  | "line"
  | "kakao"
  | "meta"
  | "twitter"
  | "webview"
  | "ios_view";

/** Why picture and sound cannot work here, the gravest first. */
export type Obstacle = "no_webrtc" | "insecure" | "no_devices";

export interface Abilities {
  secure: boolean;
  peer: boolean;
  devices: boolean;
}

/** Where the way out of an app is found: its menu's sign differs. */
export type Menu = "dots_top" | "dots_side" | "compass" | "none";

/** How a refused camera is allowed again. */
export type AllowWay = "app" | "ios_safari" | "ios_other" | "android" | "firefox" | "mac_safari" | "desktop";

const APPS: readonly [InApp, RegExp][] = [
  ["dingtalk", /DingTalk/i],
  ["alipay", /AlipayClient/i],
  ["feishu", /\b(Lark|Feishu)\//i],
  ["wechat", /MicroMessenger|\bwxwork\//i],
  ["weibo", /__weibo__|\bWeibo\b/i],
  ["douyin", /aweme|BytedanceWebview|musical_ly|TikTok/i],
  ["baidu", /baiduboxapp/i],
  ["qq", /\bQQ\/\d/], // MQQBrowser alone is a browser of its own
  ["line", /\bLine\/\d/i],
  ["kakao", /KAKAOTALK/i],
  ["meta", /\bFBA[NV]\/|\bFB_IAB\b|\bInstagram\b/],
  ["twitter", /\bTwitter\b/i],
];

const IOS = /\b(iPhone|iPad|iPod)\b/;
const IOS_BROWSER = /\bSafari\/|\b(CriOS|FxiOS|EdgiOS|DuckDuckGo|OPT|OPiOS)\//;

/** The app that shows the page inside itself, or null for a browser. */
export function inAppOf(agent: string): InApp | null {
  const known = APPS.find(([, sign]) => sign.test(agent));
  if (known !== undefined) return known[0];
  if (/\bAndroid\b/.test(agent) && /;\s?wv\)|\bVersion\/4\.0\b.*\bChrome\//.test(agent)) return "webview";
  if (IOS.test(agent) && /AppleWebKit/.test(agent) && !IOS_BROWSER.test(agent)) return "ios_view";
  return null;
}

export function obstacleOf({ secure, peer, devices }: Abilities): Obstacle | null {
  if (!peer) return "no_webrtc";
  if (!secure) return "insecure";
  return devices ? null : "no_devices";
}

export function menuOf(app: InApp | null): Menu {
  switch (app) {
    case null:
    case "webview":
      return "none";
    case "ios_view":
    case "twitter":
      return "compass";
    case "line":
    case "kakao":
      return "dots_side";
    default:
      return "dots_top";
  }
}

export const isIos = (agent: string): boolean => IOS.test(agent);

export function allowWayOf(agent: string): AllowWay {
  if (inAppOf(agent) !== null) return "app";
  if (IOS.test(agent)) return /\b(CriOS|FxiOS|EdgiOS)\//.test(agent) ? "ios_other" : "ios_safari";
  if (/\bFirefox\//.test(agent)) return "firefox";
  if (/\bAndroid\b/.test(agent)) return "android";
  if (/\bMacintosh\b/.test(agent) && /\bSafari\//.test(agent) && !/Chrome|Chromium|Edg/.test(agent))
    return "mac_safari";
  return "desktop";
}

/** What this browser can do. */
export const abilities = (): Abilities => ({
  secure: globalThis.isSecureContext !== false,
  peer: "RTCPeerConnection" in globalThis,
  devices: navigator.mediaDevices?.getUserMedia !== undefined,
});
