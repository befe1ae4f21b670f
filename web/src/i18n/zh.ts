/** 患者页面和各页共用的中文文案，医生工作台另加自己的。带数值的句子写成函数，语序自便。 */

import type { PatientTexts } from "./en";
import { call } from "./zh/call";
import { card } from "./zh/card";
import { check } from "./zh/check";
import { entry } from "./zh/entry";
import { errors } from "./zh/errors";
import { goodbye } from "./zh/goodbye";
import { join } from "./zh/join";
import { looks } from "./zh/looks";
import { quality } from "./zh/quality";
import { questions } from "./zh/questions";
import { recording } from "./zh/recording";
import { timeline } from "./zh/timeline";
import { verdict } from "./zh/verdict";
import { waiting } from "./zh/waiting";
import { wayOut } from "./zh/way-out";

export const zh: PatientTexts = {
  code: "zh",
  htmlLang: "zh-CN",
  ownLanguage: "中文",
  otherLanguage: "English",
  otherHtmlLang: "en",

  product: "Consilium",
  larger: "大字",
  smaller: "小字",
  aloud: "念给我听",
  moreWays: "更多",
  back: "返回",
  close: "关闭",
  tryAgain: "再试一次",
  reload: "重新打开本页",
  clock: (hours, minutes) => `${hours}:${minutes}`,
  doctor: (name) =>
    /(医生|医师|大夫|教授|主任)$/.test(name) ? name : /[a-z]$/i.test(name) ? `${name} 医生` : `${name}医生`,
  aged: (name, years) => `${name}，${years} 岁`,
  listJoin: "、",
  colon: "：",
  dismiss: "知道了",
  emptyRoom: "候诊室，门开着",
  roles: { patient: "患者", practitioner: "医生", companion: "陪同人", interpreter: "翻译" },

  emergency: {
    question: "胸口疼、喘不上气？",
    call: (number) => `请立即拨打 ${number}`,
    worse: "我觉得更难受了",
    sheetTitle: "需要马上求助吗？",
    sheetBody: (number) => `喘不上气、胸口疼、大出血、晕倒：别等我们，请直接拨打 ${number}，救护车比任何屏幕都快。`,
    keepPlace: "打电话期间，您的位置一直留着。",
    stay: "我还可以等",
  },

  ...call,
  ...card,
  ...check,
  ...entry,
  ...errors,
  ...goodbye,
  ...join,
  ...quality,
  ...looks,
  ...questions,
  ...recording,
  ...timeline,
  ...verdict,
  ...waiting,
  ...wayOut,
};
