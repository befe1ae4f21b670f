import { describe, expect, it } from "vitest";
import { type AllowWay, allowWayOf, type InApp, inAppOf, isIos, menuOf, obstacleOf } from "../src/patient/browser";

const iphone = (rest: string, os = "15_6") =>
  `Mozilla/5.0 (iPhone; CPU iPhone OS ${os} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ${rest}`;
const android = (rest: string, device = "Android 10; HUAWEI P30") =>
  `Mozilla/5.0 (Linux; ${device}) AppleWebKit/537.36 (KHTML, like Gecko) ${rest}`;

const AGENTS: [string, InApp | null][] = [
  // WeChat, its mini programs, WeCom
  [iphone("Mobile/15E148 MicroMessenger/8.0.29(0x18001d38) NetType/WIFI Language/zh_CN"), "wechat"],
  [
    android(
      "Version/4.0 Chrome/86.0.4240.99 XWEB/4313 MMWEBSDK/20220805 Mobile Safari/537.36 MMWEBID/4162 MicroMessenger/8.0.27.2220(0x28001B3F) WeChat/arm64",
      "Android 12; M2012K11AC; wv",
    ),
    "wechat",
  ],
  [
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/39.0.2171.95 Safari/537.36 MicroMessenger/6.5.2.501 NetType/WIFI WindowsWechat",
    "wechat",
  ],
  [iphone("Mobile/15E148 wxwork/4.0.8 MicroMessenger/7.0.1 Language/zh"), "wechat"],
  // QQ the app, and QQ the browser, which is one
  [iphone("Mobile/15E148 QQ/8.9.3.642 V1_IPH_SQ_8.9.3_1_APP_A Pixel/750 NetType/WIFI"), "qq"],
  [
    android("Version/4.0 MQQBrowser/6.2 TBS/045913 Mobile Safari/537.36 V1_AND_SQ_8.8.50 QQ/8.8.50.6735 NetType/4G"),
    "qq",
  ],
  [android("Version/4.0 Chrome/89.0.4389.72 MQQBrowser/12.7 Mobile Safari/537.36 COVC/046011"), "webview"],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 15_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.0 MQQBrowser/13.1.0 Mobile/15E148 Safari/604.1 QBWebViewUA/2",
    null,
  ],
  // others in China
  [iphone("Mobile/15E148 Weibo (iPhone13,2__weibo__12.9.1__iphone__os15.6)"), "weibo"],
  [iphone("Mobile/15E148 AliApp(DingTalk/6.5.45) com.laiwang.DingTalk/22958 Channel/201200"), "dingtalk"],
  [iphone("Mobile/15E148 NebulaSDK/1.8 Ariver/1.1 AliApp(AP/10.2.96) AlipayClient/10.2.96"), "alipay"],
  [iphone("Mobile/15E148 Lark/5.24.5 LarkLocale/zh_CN"), "feishu"],
  [android("Version/4.0 Chrome/75.0 Mobile Safari/537.36 aweme_220600 BytedanceWebview/d8a21c6"), "douyin"],
  [iphone("Mobile/15E148 baiduboxapp/13.20.0.10 (Baidu; P2 15.6)"), "baidu"],
  // elsewhere
  [iphone("Mobile/15E148 Safari Line/12.13.0"), "line"],
  [android("Version/4.0 Chrome/106.0 Mobile Safari/537.36 Line/12.17.1/IAB", "Android 11; SM-A515F; wv"), "line"],
  [iphone("Mobile/15E148 KAKAOTALK 9.9.5"), "kakao"],
  [iphone("Mobile/15E148 [FBAN/FBIOS;FBDV/iPhone12,1;FBMD/iPhone;FBSN/iOS;FBSV/15.6]"), "meta"],
  [android("Version/4.0 Chrome/106.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/388.0.0.25.105;]"), "meta"],
  [iphone("Mobile/15E148 Instagram 255.0.0.16.105 (iPhone12,1; iOS 15_6; de_DE)"), "meta"],
  [iphone("Mobile/15E148 Twitter for iPhone/9.27"), "twitter"],
  // apps without a name
  [android("Version/4.0 Chrome/83.0.4103.106 Mobile Safari/537.36", "Android 9; vivo; wv"), "webview"],
  [android("Version/4.0 Chrome/66.0.3359.126 Mobile Safari/537.36", "Android 8.1.0; vivo 1806"), "webview"],
  [iphone("Mobile/15E148", "12_4"), "ios_view"],
  // browsers
  [iphone("Version/15.6 Mobile/15E148 Safari/604.1"), null],
  [iphone("CriOS/106.0.5249.92 Mobile/15E148 Safari/604.1"), null],
  [iphone("FxiOS/106.0 Mobile/15E148 Safari/605.1.15"), null],
  [android("Chrome/106.0.0.0 Mobile Safari/537.36"), null],
  [android("SamsungBrowser/18.0 Chrome/99.0.4844.88 Mobile Safari/537.36"), null],
  ["Mozilla/5.0 (Android 12; Mobile; rv:106.0) Gecko/106.0 Firefox/106.0", null],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/106.0.0.0 Safari/537.36",
    null,
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Safari/605.1.15",
    null,
  ],
  ["", null],
];

describe("the program that shows the page", () => {
  it.each(AGENTS)("%s: %s", (agent, app) => {
    expect(inAppOf(agent)).toBe(app);
  });

  it("has its way out where its menu is", () => {
    expect(menuOf("wechat")).toBe("dots_top");
    expect(menuOf("meta")).toBe("dots_top");
    expect(menuOf("line")).toBe("dots_side");
    expect(menuOf("ios_view")).toBe("compass");
    expect(menuOf("webview")).toBe("none");
    expect(menuOf(null)).toBe("none");
  });

  it("is on an Apple phone or not", () => {
    expect(isIos(iphone("Mobile/15E148"))).toBe(true);
    expect(isIos(android("Chrome/106.0 Mobile Safari/537.36"))).toBe(false);
  });
});

describe("what keeps it from a call", () => {
  const all = { secure: true, peer: true, devices: true };

  it("is nothing when it can do all, whatever its name", () => {
    expect(obstacleOf(all)).toBeNull();
  });

  it("is told by what it lacks, the gravest first", () => {
    expect(obstacleOf({ secure: false, peer: false, devices: false })).toBe("no_webrtc");
    expect(obstacleOf({ secure: false, peer: true, devices: false })).toBe("insecure");
    expect(obstacleOf({ ...all, devices: false })).toBe("no_devices");
    expect(obstacleOf({ ...all, peer: false })).toBe("no_webrtc");
  });
});

describe("the way to allow a camera", () => {
  const WAYS: [string, AllowWay][] = [
    [iphone("Mobile/15E148 MicroMessenger/8.0.29"), "app"],
    [iphone("Version/15.6 Mobile/15E148 Safari/604.1"), "ios_safari"],
    [iphone("CriOS/106.0.5249.92 Mobile/15E148 Safari/604.1"), "ios_other"],
    [android("Chrome/106.0.0.0 Mobile Safari/537.36"), "android"],
    ["Mozilla/5.0 (Android 12; Mobile; rv:106.0) Gecko/106.0 Firefox/106.0", "firefox"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/16.0 Safari/605.1.15", "mac_safari"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/106.0.0.0 Safari/537.36", "desktop"],
    ["", "desktop"],
  ];
  it.each(WAYS)("%s: %s", (agent, way) => {
    expect(allowWayOf(agent)).toBe(way);
  });
});
